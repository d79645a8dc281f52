"""Whatever groupconv promises of a group, tried on halfturn."""

import groupconv as gc
from groupconv.testing import parametrize_with_group_checks

from groupconv_halfturn import halfturn


@parametrize_with_group_checks([halfturn])
def test_group(group, check):
    check(group)


def test_it_is_registered():
    assert gc.group("halfturn") == halfturn
