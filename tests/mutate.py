"""Mutation testing: every small change of the mathematics has to make a test fail.

    python tests/mutate.py groupconv/algebra groupconv/transforms

changes one operator, number, condition or statement at a time, runs the tests that are about these
rooms, and lists the changes that none of them notices. A list of survivors is for people to read:
some change nothing that can be seen, such as the size of a cache.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import resource
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FINITE = ("tests/algebra", "groupconv/algebra")
TABLES = (
    "tests/transforms", "groupconv/transforms", "tests/nn/test_oracle.py", "tests/nn/test_conv.py",
    "tests/nn/test_hexagonal.py", "tests/nn/test_layers.py", "tests/nn/test_resampling.py",
    "tests/test_arguments.py",
)  # fmt: skip
CONTRACT = (*FINITE, "tests/test_registry.py", "tests/test_zoo.py", *TABLES, "tests/verification")
ABOUT = {
    "groupconv/algebra/finite_groups.py": FINITE, "groupconv/algebra/generated.py": FINITE,
    "groupconv/algebra/graphs.py": FINITE, "groupconv/algebra/integer_matrices.py": FINITE,
    "groupconv/algebra/lattice.py": FINITE, "groupconv/algebra/surds.py": FINITE,
    "groupconv/algebra/stabilizer.py": (*FINITE, "tests/transforms"),
    "groupconv/algebra/words.py": FINITE, "groupconv/algebra/triplets.py": FINITE,
    "groupconv/transforms/restrictions.py": ("tests/nn/test_layers.py", "groupconv/transforms"),
    "groupconv/transforms/stencils.py": ("tests/nn/test_resampling.py", "groupconv/transforms"),
    "groupconv/transforms": TABLES,
}  # fmt: skip
"""The tests that are about a file; `CONTRACT` are those of all others."""

MIRRORS = {
    "finite_groups": "tests/algebra/test_stabilizer.py", "surds": "tests/algebra/test_lattice.py",
    "integer_matrices": "tests/algebra/test_generated.py",
    "spaces": "tests/algebra/test_subgroup.py", "formulas": "tests/algebra/test_plugin.py",
    "axioms": "tests/test_zoo.py", "building": "tests/test_zoo.py", "cases": "tests/test_zoo.py",
    "actions": "tests/transforms/test_action.py", "regions": "tests/transforms/test_filters.py",
    "sublattices": "tests/nn/test_hexagonal.py", "windows": "tests/nn/test_conv.py",
    "words": "tests/algebra/test_derived.py", "triplets": "tests/algebra/test_derived.py",
    "restrictions": "tests/nn/test_layers.py", "stencils": "tests/nn/test_resampling.py",
}  # fmt: skip
"""Where the tests of a file stand that are not under its own name."""

MEMORY = 24 * 2**30
PATIENCE = 30
"""Seconds of computing that one test may take, and the collection of one file."""

COMPARE = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
BINARY = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
    ast.Div: ast.Mult,
}  # fmt: skip


class Mutator(ast.NodeTransformer):
    """Makes the change with a given number, and describes it; counts them all on its way."""

    def __init__(self, wanted: int) -> None:
        self.wanted, self.count, self.change = wanted, 0, ""

    def mutate(self, node: ast.AST, *changes: tuple[str, ast.AST]) -> ast.AST:
        """The node, or the changed one if it is its turn."""
        for what, changed in changes:
            if self.count == self.wanted:
                self.change = f"line {node.lineno}: {ast.unparse(node).splitlines()[0]}  →  {what}"
                node = ast.copy_location(changed, node)
            self.count += 1
        return node

    def skip(self, node: ast.AST) -> ast.AST:
        """What only annotates, or only explains."""
        return node

    visit_JoinedStr = visit_ImportFrom = visit_Import = skip  # noqa: N815

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.value = self.visit(node.value) if node.value else None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [self.visit(part) for part in node.body]
        node.args.defaults = [self.visit(part) for part in node.args.defaults]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__":
            return node
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST:
        if ast.unparse(node.test) == "TYPE_CHECKING":
            return node
        self.generic_visit(node)
        never, ever = copy.copy(node), copy.copy(node)
        never.test, ever.test = ast.Constant(False), ast.Constant(True)
        return self.mutate(node, ("never", never), ("always", ever))

    def visit_While(self, node: ast.While) -> ast.AST:
        self.generic_visit(node)
        never = copy.copy(node)
        never.test = ast.Constant(False)
        return self.mutate(node, ("never", never))

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        return self.mutate(node, ("first", node.body), ("second", node.orelse))

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return self.mutate(node, ("pass", ast.Pass()))  # its message is tested elsewhere

    def visit_Return(self, node: ast.Return) -> ast.AST:
        self.generic_visit(node)
        if node.value is None or ast.unparse(node.value) == "None":
            return self.mutate(node, ("pass", ast.Pass()))
        return self.mutate(node, ("return None", ast.Return(ast.Constant(None))))

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Constant):
            return node
        self.generic_visit(node)
        return self.mutate(node, ("pass", ast.Pass()))

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        return self.mutate(node, ("pass", ast.Pass()))

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        changed = copy.copy(node)
        changed.ops = [COMPARE[type(node.ops[0])](), *node.ops[1:]]
        return self.mutate(node, (ast.unparse(changed), changed))

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.MatMult):
            changed = ast.BinOp(node.right, node.op, node.left)
        elif type(node.op) in BINARY:
            changed = ast.BinOp(node.left, BINARY[type(node.op)](), node.right)
        else:
            return node
        return self.mutate(node, (ast.unparse(changed), changed))

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        changed = ast.BoolOp(other, node.values)
        return self.mutate(node, (ast.unparse(changed), changed))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return self.mutate(node, (ast.unparse(node.operand), node.operand))

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, bool):
            return self.mutate(node, (str(not node.value), ast.Constant(not node.value)))
        if isinstance(node.value, int):
            return self.mutate(node, (str(node.value + 1), ast.Constant(node.value + 1)))
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        for i, test in enumerate(node.ifs):
            node.ifs[i] = self.mutate(test, ("always", ast.Constant(True)))
        return node


def mutant(path: Path, number: int) -> tuple[ast.Module, str, int]:
    """The tree of a file with one change, the change in words, and how many there are."""
    mutator = Mutator(number)
    tree = ast.fix_missing_locations(mutator.visit(ast.parse(path.read_text())))
    return tree, mutator.change, mutator.count


class Watch:
    """Ends the process, by a signal, when one file or test takes too long: a loop without end."""

    def pytest_collectstart(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)

    def pytest_runtest_setup(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)


def tests_about(path: Path) -> tuple[tuple[str, ...], ...]:
    """The tests to run: those that are most likely to notice a change, then all about the file."""
    place = path.relative_to(ROOT)
    own = ROOT / MIRRORS.get(place.stem, f"tests/{place.parent.name}/test_{place.stem}.py")
    nearest = tuple(test.relative_to(ROOT).as_posix() for test in (own, path) if test.is_file())
    rest = (tests for part, tests in ABOUT.items() if place.as_posix().startswith(part))
    return nearest, next(rest, CONTRACT)


def survives(path: Path, tree: ast.Module) -> bool:
    """Whether no test notices a changed file."""
    return all(run_tests(tests, path, tree) == "survived" for tests in tests_about(path))


def run_tests(tests: tuple[str, ...], path: Path | None, tree: ast.Module | None) -> str:
    """What the tests say of a changed file, in a process of its own: "killed" or "survived"."""
    child = os.fork()
    if child == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        real = SourceFileLoader.get_code

        def get_code(self, fullname):
            if path is not None and Path(self.path) == path:
                return compile(tree, self.path, "exec")
            return real(self, fullname)

        SourceFileLoader.get_code = get_code

        options = ["-x", "-q", "-p", "no:cacheprovider", *tests]
        failed = 1
        try:
            failed = int(pytest.main(options, plugins=[Watch()]))
        finally:  # the parent's code is not for this process to go on with
            os._exit(failed not in (0, pytest.ExitCode.NO_TESTS_COLLECTED))
    _, status = os.waitpid(child, 0)
    return "survived" if status == 0 else "killed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="+", type=Path, help="folders, or single files")
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutant")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    os.environ["OMP_NUM_THREADS"] = "1"
    import matplotlib.figure  # noqa: F401  # shared by all processes, since it takes long
    import networkx  # noqa: F401
    import sympy  # noqa: F401
    import torch  # noqa: F401

    found = (path for room in arguments.rooms for path in [room, *room.rglob("*.py")])
    files = sorted(path.resolve() for path in found if path.is_file())
    for tests in {tests_about(path)[1] for path in files}:
        if run_tests(tests, None, None) != "survived":
            sys.exit(f"these tests fail without any change: {' '.join(tests)}")
    cases = [(path, number) for path in files for number in range(mutant(path, -1)[2])]
    cases = cases[arguments.first :]
    print(f"{len(cases)} mutants of {len(files)} files", flush=True)
    survivors = 0
    with ThreadPoolExecutor(arguments.workers) as pool:

        def judge(case: tuple[Path, int]) -> tuple[bool, str]:
            tree, change, _ = mutant(*case)
            return survives(case[0], tree), change

        judged = zip(cases, pool.map(judge, cases), strict=True)
        for done, ((path, _), (unnoticed, change)) in enumerate(judged, arguments.first + 1):
            if done % 50 == 0:
                print(f"… {done}", file=sys.stderr, flush=True)
            if unnoticed:
                survivors += 1
                print(f"{path.relative_to(ROOT)}, {change}", flush=True)
    print(f"{survivors} of {len(cases)} mutants survive")


if __name__ == "__main__":
    main()
