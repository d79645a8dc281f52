// The explorer: one state, kept in the address, and one function that draws it.
"use strict";

(() => {
  const root = document.getElementById("explorer");
  const N = 12; // the cells of the wallpaper's grid along each vector of the lattice
  const LEVELS = 3; // a filter's cell is -1, 0 or 1

  const state = { group: "p4m", size: 3, s: 1, t: 0, filter: "", paint: "" };
  let cursor = 0; // the orbit that the keyboard paints

  // ---- mathematics, from the tables alone

  const G = () => GROUPS[state.group];
  const order = () => G().matrices.length;
  const times = (A, [i, j]) => [A[0][0] * i + A[0][1] * j, A[1][0] * i + A[1][1] * j];
  const mod = (a, n) => ((a % n) + n) % n;

  /** The elements that are shown first. */
  const first = () => ({ s: Math.min(1, order() - 1), t: G().generators.at(-1) ?? 0 });

  /** Where a point of the lattice stands on the page, as [right, down]. */
  const onPage = ([i, j]) => {
    const [down, right] = times(G().basis, [i, j]);
    return [right, down];
  };

  /** The parameter that each cell of the transformed filter reads, -1 outside its support. */
  const reads = (s) => G().filters[state.size][s];

  const parameters = () => 1 + Math.max(...reads(0).flat());

  // No element of any group but the identity leaves this filter as it is.
  const defaultFilter = () => Array.from({ length: parameters() }, (_, p) => ((p * p + 2) % 11) % LEVELS);

  const filter = () => {
    const found = [...state.filter].map(Number);
    return found.length === parameters() ? found : defaultFilter();
  };

  /** The generators that lead from the identity to an element, nearest first. */
  function path(s) {
    const from = new Map([[0, null]]);
    const queue = [0];
    for (const a of queue) {
      for (const g of G().generators) {
        const b = G().composition[a][g];
        if (!from.has(b)) {
          from.set(b, [a, g]);
          queue.push(b);
        }
      }
    }
    const steps = [];
    for (let at = s; from.get(at); at = from.get(at)[0]) steps.unshift(from.get(at));
    return steps;
  }

  /** The orbits of the cells of an N × N torus: their number by cell, and one cell of each. */
  function orbits() {
    const number = new Map();
    const domain = [];
    const key = ([i, j]) => N * mod(i, N) + mod(j, N);
    const chosen = direction();
    for (let i = 0; i < N; i++) {
      for (let j = 0; j < N; j++) {
        if (number.has(key([i, j]))) continue;
        const images = G().matrices.map((A) => times(A, [i, j]));
        for (const image of images) number.set(key(image), domain.length);
        domain.push(nearest(images, chosen));
      }
    }
    return { at: (cell) => number.get(key(cell)), domain };
  }

  /** A direction on no mirror: it decides which cell of an orbit the domain takes. */
  const direction = () => {
    const [right, up] = G().places[0];
    return [right + 0.01, -up + 0.023];
  };

  /** Of the images of a cell, moved next to the origin, the one farthest along a direction. */
  function nearest(images, [right, down]) {
    let best = null;
    for (const [i, j] of images) {
      for (const a of [-N, 0, N]) {
        for (const b of [-N, 0, N]) {
          const cell = [mod(i, N) + a, mod(j, N) + b];
          const [x, y] = onPage(cell);
          // First the distance to the origin, so that the domain lies in one lattice cell.
          const rank = [-Math.round(1e6 * (x * x + y * y)), x * right + y * down];
          if (!best || rank[0] > best.rank[0] || (rank[0] === best.rank[0] && rank[1] > best.rank[1])) {
            best = { cell, rank };
          }
        }
      }
    }
    return best.cell;
  }

  const defaultPaint = (domain) => domain.map((_, n) => ((7 * n) % 5 < 2 ? 1 : 0));

  const paint = (domain) => {
    const found = [...state.paint].map(Number);
    return found.length === domain.length ? found : defaultPaint(domain);
  };

  /** The planes of the lifting convolution: f * L_s ψ for each s, on the cells of an array. */
  function lift(image, size) {
    const half = (state.size - 1) / 2;
    const psi = filter().map((level) => level - 1);
    return G().matrices.map((_, s) => {
      const plane = new Map();
      for (let i = -size; i <= size; i++) {
        for (let j = -size; j <= size; j++) {
          let sum = 0;
          reads(s).forEach((row, a) =>
            row.forEach((p, b) => {
              if (p >= 0) sum += psi[p] * (image.get(`${i + a - half},${j + b - half}`) || 0);
            }),
          );
          plane.set(`${i},${j}`, sum);
        }
      }
      return plane;
    });
  }

  // ---- drawing

  const SVG = "http://www.w3.org/2000/svg";

  function make(tag, attributes = {}, ...children) {
    const isSvg = ["svg", "polygon", "path", "circle", "text", "g", "title", "defs", "marker"].includes(tag);
    const node = isSvg ? document.createElementNS(SVG, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== null && value !== false) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  /** The outline of the cell about a point of the lattice, as the attribute of a polygon. */
  const outline = (cell, scale = 1, [right, down] = [0, 0]) => {
    const [x, y] = onPage(cell);
    return G().cell.map(([d, r]) => `${right + scale * (x + r)},${down + scale * (y + d)}`).join(" ");
  };

  const isDark = () => document.body.dataset.mdColorScheme === "slate";

  /** The colours of the generators. */
  const colours = () => (isDark() ? G().darkColours : G().colours);

  function colour(value, most) {
    const BLUE = isDark() ? [110, 168, 230] : [33, 102, 172];
    const RED = isDark() ? [240, 104, 110] : [178, 24, 43];
    const strength = most ? Math.min(1, Math.abs(value) / most) : 0;
    const [r, g, b] = value < 0 ? BLUE : RED;
    return strength ? `rgba(${r},${g},${b},${0.15 + 0.85 * strength})` : "transparent";
  }

  const box = (points, margin) => {
    const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
    const [left, top] = [Math.min(...xs) - margin, Math.min(...ys) - margin];
    return `${left} ${top} ${Math.max(...xs) + margin - left} ${Math.max(...ys) + margin - top}`;
  };

  /** The square about the origin that shows points on a circle, however they are spread over it. */
  const square = (points, margin) => {
    const side = Math.max(...points.flat().map(Math.abs)) + margin;
    return `${-side} ${-side} ${2 * side} ${2 * side}`;
  };

  /** An arrow of a generator's colour, bent towards the centre where it turns; a line if it is its own inverse. */
  function arrow(start, end, n, room, attributes = {}) {
    const { generators, composition, reflects } = G();
    const g = generators[n];
    const bend = reflects[g] ? 0 : 0.18;
    const inward = [0, 1].map((k) => ((start[k] + end[k]) / 2) * (1 - bend));
    const shorten = (from, to) => {
      const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
      return [0, 1].map((k) => from[k] + ((to[k] - from[k]) * room) / length);
    };
    const [a, b] = [shorten(start, inward), shorten(end, inward)];
    const head = composition[g][g] === 0 ? null : `url(#explorer-head-${n})`;
    return make("path", { d: `M${a} Q${inward} ${b}`, stroke: colours()[n], "marker-end": head, ...attributes });
  }

  const heads = () => make("defs", {}, ...colours().map((fill, n) =>
    make("marker", { id: `explorer-head-${n}`, viewBox: "0 0 6 6", refX: 5, refY: 3, markerWidth: 5, markerHeight: 5, orient: "auto" },
      make("path", { d: "M0 0 L6 3 L0 6 z", fill, style: `fill:${fill};opacity:1;stroke:none` }))));

  const legend = () => make("p", { class: "legend" }, ...G().generators.map((g, n) =>
    make("span", { style: `--generator:${colours()[n]}` }, `${g}: ${name(g)}`)));

  const name = (s) => `${G().labels[s]}: ${G().words[s]}`;

  function panel(title, ...children) {
    return make("section", { "aria-label": title }, make("h3", {}, title), ...children);
  }

  function choice(label, values, value, set, id) {
    const select = make("select", { id, onchange: (event) => set(event.target.value) });
    for (const [option, text] of values) {
      select.append(make("option", { value: option, ...(option === String(value) && { selected: "" }) }, text));
    }
    return make("label", { for: id }, `${label} `, select);
  }

  function filterPicture(s, isEditable) {
    const half = (state.size - 1) / 2;
    const psi = filter();
    const cells = reads(s).flatMap((row, a) => row.map((p, b) => [p, [a - half, b - half]]));
    const shown = cells.filter(([p]) => p >= 0);
    const svg = make("svg", {
      viewBox: box(shown.map(([, cell]) => onPage(cell)), 0.75), role: "group",
      "aria-label": isEditable ? "The filter ψ; each cell is a button" : `The filter turned by ${name(s)}`,
    });
    for (const [p, cell] of shown) {
      const shape = make("polygon", {
        points: outline(cell), fill: colour(psi[p] - 1, 1), "data-parameter": p, "data-cell": cell.join(","),
      });
      if (isEditable) {
        const step = () => {
          const levels = filter();
          levels[p] = (levels[p] + 1) % LEVELS;
          set({ filter: levels.join("") }, `[data-edit="${p}"]`);
        };
        for (const [key, value] of Object.entries({
          role: "button", tabindex: 0, "data-edit": p, "aria-label": `Cell ${cell.join(", ")}: ${psi[p] - 1}`,
        })) shape.setAttribute(key, value);
        shape.addEventListener("click", step);
        shape.addEventListener("keydown", (event) => {
          if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            step();
          }
        });
      }
      svg.append(shape);
    }
    return svg;
  }

  function table() {
    const { composition } = G();
    const body = make("tbody");
    composition.forEach((row, s) => {
      const cells = row.map((product, t) =>
        make("td", {
          class: s === state.s ? (t === state.t ? "product" : "row") : t === state.t ? "row" : null,
          "data-s": s, "data-t": t, onclick: () => set({ s, t }),
        }, String(product)),
      );
      body.append(make("tr", {}, make("th", { scope: "row", class: s === state.s ? "row" : null }, String(s)), ...cells));
    });
    const head = make("tr", {}, make("th", { scope: "col" }, "s·t"),
      ...composition.map((_, t) => make("th", { scope: "col" }, String(t))));
    return make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Composition table, by flat indices" },
      make("table", { class: order() > 8 ? "composition dense" : "composition" }, make("thead", {}, head), body));
  }

  function graph() {
    const { places, composition, generators } = G();
    const at = places.map(([right, up]) => [right, -up]);
    const lit = new Set(path(state.s).map(([a, g]) => `${a},${g}`));
    const svg = make("svg", {
      class: "graph", viewBox: square(at, 0.22), role: "group", "aria-label": "Cayley graph",
      "data-path": path(state.s).map(([, g]) => g).join(" "),
    }, heads());
    generators.forEach((g, n) => {
      at.forEach((start, s) => {
        const end = at[composition[s][g]];
        const isInvolution = composition[g][g] === 0;
        const isLit = lit.has(`${s},${g}`) || (isInvolution && lit.has(`${composition[s][g]},${g}`));
        if (isInvolution && s > composition[s][g]) return;
        svg.append(arrow(start, end, n, 0.13, { class: isLit ? "path" : null, "data-edge": `${s},${g}` }));
      });
    });
    at.forEach(([x, y], s) => {
      svg.append(
        make("circle", { cx: x, cy: y, r: 0.11, class: s === state.s ? "on" : null, "data-element": s, onclick: () => set({ s }) },
          make("title", {}, name(s))),
        make("text", { x, y, class: s === state.s ? "on" : null }, String(s)),
      );
    });
    return svg;
  }

  function wallpaper(found) {
    const painted = paint(found.domain);
    const reach = Math.round(0.8 * N);
    const inDomain = new Set(found.domain.map(String));
    const points = [];
    const svg = make("svg", {
      class: "painted", tabindex: 0, role: "application", "data-orbits": found.domain.length,
      "aria-label": "Wallpaper. Arrow keys choose a cell of the fundamental domain, the space bar paints it.",
      onkeydown: (event) => {
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (step) cursor = mod(cursor + step, found.domain.length);
        else if (event.key === " ") toggle(cursor);
        else return;
        event.preventDefault();
        draw(".painted");
      },
    });
    function toggle(n, value = null) {
      const levels = paint(found.domain);
      if (levels[n] === value) return;
      levels[n] = value === null ? 1 - levels[n] : value;
      state.paint = levels.join("");
      remember();
    }
    const last = [];
    for (let i = -reach; i <= reach; i++) {
      for (let j = -reach; j <= reach; j++) {
        const [x, y] = onPage([i, j]);
        if (Math.hypot(x, y) > reach + 0.5) continue;
        const n = found.at([i, j]);
        points.push([x, y]);
        const isDomain = inDomain.has(String([i, j]));
        const shape = make("polygon", {
          points: outline([i, j]), fill: painted[n] ? "var(--md-primary-fg-color)" : "transparent",
          class: [isDomain && "domain", isDomain && n === cursor && "cursor"].filter(Boolean).join(" ") || null,
          "data-orbit": n,
        });
        if (isDomain) last.push(shape);
        else svg.append(shape);
      }
    }
    svg.append(...last);
    svg.setAttribute("viewBox", box(points, 0.8));
    let value = null;
    svg.addEventListener("pointerdown", (event) => {
      const n = event.target.dataset?.orbit;
      if (n === undefined) return;
      event.preventDefault();
      value = 1 - paint(found.domain)[n];
      brush(event);
    });
    const brush = (event) => {
      const n = document.elementFromPoint(event.clientX, event.clientY)?.dataset?.orbit;
      if (value === null || n === undefined) return;
      toggle(Number(n), value);
      for (const shape of svg.querySelectorAll(`[data-orbit="${n}"]`)) {
        shape.setAttribute("fill", value ? "var(--md-primary-fg-color)" : "transparent");
      }
    };
    svg.addEventListener("pointermove", brush);
    svg.addEventListener("pointerup", () => {
      value = null;
      draw();
    });
    return svg;
  }

  function featureMap(found) {
    const painted = paint(found.domain);
    const A = G().matrices[state.s];
    const image = new Map();
    let size = 3;
    found.domain.forEach((cell, n) => {
      const moved = times(A, cell);
      image.set(String(moved), painted[n]);
      if (painted[n]) size = Math.max(size, ...G().matrices.flatMap((B) => times(B, cell).map(Math.abs)));
    });
    size += (state.size - 1) / 2;
    const planes = lift(image, size);
    const most = Math.max(1, ...planes.flatMap((plane) => [...plane.values()].map(Math.abs)));
    const cells = [...planes[0].keys()].map((key) => key.split(",").map(Number));
    const inside = cells.filter((cell) => Math.hypot(...onPage(cell)) <= size + 0.5);
    const scale = 0.3 / (size + 1);
    const spread = Math.max(1, order() / 6);
    const at = G().places.map(([right, up]) => [spread * right, -spread * up]);
    const svg = make("svg", { class: "map", style: `--planes: ${order()}`, viewBox: square(at, 0.42), role: "img", "aria-label":
      `The painting moved by ${name(state.s)} in the middle, and the planes of its feature map around it` });
    const group = (values, centre, attributes, top) => {
      const g = make("g", attributes,
        make("circle", { cx: centre[0], cy: centre[1], r: 0.37, fill: "var(--md-default-bg-color)", stroke: "var(--md-default-fg-color--lighter)", "stroke-width": 0.008 }));
      for (const cell of inside) {
        const value = values(cell);
        if (value) g.append(make("polygon", { points: outline(cell, scale, centre), fill: colour(value, top), style: "stroke:none" }));
      }
      return g;
    };
    G().generators.forEach((g, n) => at.forEach((start, s) => {
      const t = G().composition[g][s];
      if (G().composition[g][g] !== 0 || s < t) svg.append(arrow(start, at[t], n, 0.39, { class: "moves" }));
    }));
    if (order() > 1) svg.append(group((cell) => image.get(String(cell)) || 0, [0, 0], { "data-image": "" }, 1));
    planes.forEach((plane, s) => {
      const sum = inside.reduce((total, cell) => total + Math.abs(plane.get(String(cell))) * (1 + Math.hypot(...onPage(cell))), 0);
      svg.append(
        group((cell) => plane.get(String(cell)), at[s], { "data-plane": s, "data-sum": sum.toFixed(3) }, most),
        make("text", { x: at[s][0] - 0.28, y: at[s][1] - 0.28 }, String(s)),
      );
    });
    return svg;
  }

  // ---- state

  function remember() {
    const fields = new URLSearchParams();
    for (const [key, value] of Object.entries(state)) if (value !== "") fields.set(key, value);
    history.replaceState(null, "", `#${fields}`);
  }

  function recall() {
    const fields = new URLSearchParams(location.hash.slice(1));
    const group = fields.get("group");
    if (group in GROUPS) state.group = group;
    if (fields.get("size") in G().filters) state.size = Number(fields.get("size"));
    for (const key of ["s", "t"]) state[key] = Math.min(order() - 1, Math.max(0, Number(fields.get(key)) || 0));
    for (const key of ["s", "t"]) if (!fields.has(key)) state[key] = first()[key];
    for (const key of ["filter", "paint"]) state[key] = /^[012]*$/.test(fields.get(key) || "") ? fields.get(key) || "" : "";
  }

  function set(changes, focus) {
    Object.assign(state, changes);
    if (changes.group) Object.assign(state, { ...first(), filter: "", paint: "" });
    if (changes.size) state.filter = "";
    cursor = changes.group ? 0 : cursor;
    remember();
    draw(focus);
  }

  function draw(focus) {
    const { s, t } = state;
    const found = orbits();
    const product = G().composition[s][t];
    const spelled = path(s).map(([, g]) => `(${G().labels[g]})`).join(" · ") || "the identity";
    const elements = G().matrices.map((_, element) =>
      make("button", {
        type: "button", "aria-pressed": String(element === s), "data-select": element, title: G().words[element],
        onclick: () => set({ s: element }, `[data-select="${element}"]`),
      }, G().labels[element]),
    );
    root.replaceChildren(
      make("fieldset", { class: "choices", "aria-label": "What is shown" },
        choice("Group", Object.keys(GROUPS).map((key) => [key, key]), state.group, (group) => set({ group }, "#explorer-group"), "explorer-group"),
        choice("Filter", Object.keys(G().filters).map((k) => [k, `${k}×${k}`]), state.size, (size) => set({ size: Number(size) }, "#explorer-size"), "explorer-size"),
        choice("Compose with t =", G().labels.map((label, element) => [String(element), label]), t, (value) => set({ t: Number(value) }, "#explorer-t"), "explorer-t"),
      ),
      make("section", { class: "wide", "aria-label": "Elements" }, make("h3", {}, "Elements"),
        make("div", { class: "elements" }, ...elements),
        make("p", { "aria-live": "polite", class: "said" },
          `s = ${s}, ${name(s)}.` + (t ? ` s·t = ${product}, ${name(product)}.` : "") + (path(s).length > 1 ? ` As a product of generators, s is ${spelled}.` : ""))),
      panel("Filter", make("div", { class: "pair" },
        make("figure", {}, filterPicture(0, true), make("figcaption", {}, "ψ: click a cell")),
        make("figure", { class: "turned" }, filterPicture(s, false), make("figcaption", {}, "L", make("sub", {}, String(s)), " ψ")))),
      panel("Composition", table()),
      panel("Cayley graph", graph(), legend()),
      panel("Wallpaper", wallpaper(found), make("div", { class: "elements" },
        make("button", { type: "button", onclick: () => set({ paint: found.domain.map(() => 0).join("") }) }, "Clear"),
        make("button", { type: "button", onclick: () => set({ paint: "" }) }, "Example"))),
      make("section", { class: "wide", "aria-label": "Feature map" }, make("h3", {}, `Feature map of the painting, moved by s = ${s}`),
        make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Planes of the feature map" }, featureMap(found))),
    );
    if (focus) root.querySelector(focus)?.focus();
  }

  new MutationObserver(() => draw()).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
  window.addEventListener("hashchange", () => {
    recall();
    draw();
  });
  recall();
  draw();
})();
