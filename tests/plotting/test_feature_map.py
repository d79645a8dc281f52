"""Pictures: drawn, and with the group's own geometry."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from groupconv.errors import ArgumentError, MissingDependencyError, ShapeError
from groupconv.nn.functional import act
from groupconv.plotting import equivariance_figure, feature_map_figure, plane_positions
from groupconv.plotting.feature_map import SIZE
from groupconv.transforms import invariant_region
from tests.support.groups import CUBE, P2, P4, P4M, P6M, PM, Z2


@pytest.mark.parametrize("group", [Z2, P4, P4M, P2, PM, P6M], ids=lambda group: group.name)
def test_planes_stand_apart_on_a_circle_that_the_group_turns(group):
    positions = plane_positions(group)
    np.testing.assert_allclose(np.linalg.norm(positions, axis=1), 1)
    apart = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    assert (apart[~np.eye(group.order, dtype=bool)] > 0.4).all()
    basis = np.array(group.lattice.basis.evalf().tolist(), dtype=float)
    for s in range(group.order):
        A = basis @ group.stabilizer.matrices[s] @ np.linalg.inv(basis)
        page = np.array([[A[1, 1], -A[1, 0]], [-A[0, 1], A[0, 0]]])  # (down, right) → (right, up)
        np.testing.assert_allclose(
            positions @ page.T, positions[group.stabilizer.composition[s]], atol=1e-12
        )


@pytest.mark.parametrize("group", [P4, P4M, P6M, Z2], ids=lambda group: group.name)
def test_figures_have_every_plane_and_every_arrow(group, tmp_path):
    image, maps = torch.rand(9, 9), torch.randn(group.order, 7, 7)
    figure = equivariance_figure([image, image], [maps, maps], ["one", "two"], group)
    figure.savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes()[1:4] == b"PNG"
    drawn = figure.axes[2]
    assert len(drawn.collections) == group.order
    cells = 37 if group is P6M else 7 * 7  # a hexagon is what turns keep of an array
    assert {len(plane.get_paths()) for plane in drawn.collections} == {cells}
    arrows = {Z2: 0, P4: 4, P4M: 8 + 4, P6M: 12 + 6}[group]
    labels = [text.get_text() for text in drawn.texts if text.arrow_patch is None]
    assert len(labels) == len(set(labels)) == group.order
    assert len(drawn.texts) - len(labels) == arrows


@pytest.mark.parametrize("group", [P4, P4M, P6M], ids=lambda group: group.name)
def test_the_map_of_a_moved_image_is_the_moved_map(group):
    # Figures 1 and 2: planes are permuted along the arrows, and every plane is turned.
    figure = feature_map_figure(group)
    before, after = (
        np.array([plane.get_array() for plane in axes.collections]) for axes in figure.axes[2:]
    )
    generator = group.stabilizer.generators[0]
    is_drawn = invariant_region(group.stabilizer, (SIZE, SIZE))
    full = torch.zeros(group.order, SIZE, SIZE, dtype=torch.float64)
    full[:, torch.tensor(is_drawn)] = torch.tensor(before)
    moved = act(
        full,
        (*group.stabilizer_indices[generator], 0, 0),
        group,
        "group",
    )
    np.testing.assert_allclose(moved[:, torch.tensor(is_drawn)], after, atol=1e-5)
    assert abs(after - before).max() > 0.1


def test_bad_arguments_are_refused(monkeypatch):
    image = torch.rand(9, 9)
    with pytest.raises(ArgumentError, match="group='Pm-3m' has dimension 3, expected 2"):
        equivariance_figure([image], [image], ["one"], CUBE)
    with pytest.raises(ShapeError, match=r"expected \(4, H, W\)"):
        equivariance_figure([image], [torch.rand(8, 9, 9)], ["one"], P4)
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'groupconv\[plot\]'"):
        equivariance_figure([image], [torch.rand(4, 9, 9)], ["one"], P4)


@pytest.mark.parametrize("group", [P4M, P6M], ids=lambda group: group.name)
def test_arrows_lead_where_a_turn_moves_planes(group):
    figure = equivariance_figure([torch.rand(9, 9)], [torch.rand(group.order, 9, 9)], ["f"], group)
    arrows = [text for text in figure.axes[1].texts if text.arrow_patch is not None]
    drawn = [(np.array(arrow.xyann), np.array(arrow.xy)) for arrow in arrows]
    places = plane_positions(group) * max(1.0, group.order / 5)
    turn = group.flat_index((0, 1))
    for s, start in enumerate(places):
        end = places[group.stabilizer.composition[turn, s]]
        assert any(
            np.allclose(tail + head, start + end) and (head - tail) @ (end - start) > 0
            for tail, head in drawn
        )
