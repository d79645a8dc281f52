"""Training and measuring the paper's networks."""

from groupconv.experiments.training import (
    Progress,
    TrainingResult,
    accuracy,
    count_parameters,
    train,
)

__all__ = ["Progress", "TrainingResult", "accuracy", "count_parameters", "train"]
