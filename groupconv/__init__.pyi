from groupconv import data as data
from groupconv import errors as errors
from groupconv import experiments as experiments
from groupconv import models as models
from groupconv import nn as nn
from groupconv import plotting as plotting
from groupconv import testing as testing
from groupconv import transforms as transforms
from groupconv.algebra import CUBIC as CUBIC
from groupconv.algebra import HEXAGONAL as HEXAGONAL
from groupconv.algebra import LINE as LINE
from groupconv.algebra import SQUARE as SQUARE
from groupconv.algebra import Element as Element
from groupconv.algebra import GeneratedGroup as GeneratedGroup
from groupconv.algebra import Lattice as Lattice
from groupconv.algebra import SplitGroup as SplitGroup
from groupconv.algebra import Stabilizer as Stabilizer
from groupconv.algebra import Subgroup as Subgroup
from groupconv.algebra import cayley_graph as cayley_graph
from groupconv.algebra import subgroup_lattice as subgroup_lattice
from groupconv.conversion.network import convert as convert
from groupconv.conversion.planar import to_planar as to_planar
from groupconv.conversion.report import ConversionReport as ConversionReport
from groupconv.nn import LayerFamily as LayerFamily
from groupconv.nn import layers as layers
from groupconv.registry import GroupEntry as GroupEntry
from groupconv.registry import group as group
from groupconv.registry import groups as groups
from groupconv.registry.doors import filter_transform as filter_transform
from groupconv.registry.doors import verify as verify
from groupconv.transforms import FilterTransform as FilterTransform
from groupconv.verification import VerificationReport as VerificationReport

__all__: list[str]
__version__: str
