"""Train in several processes, each with a copy of the network or a shard.

    torchrun --nproc-per-node 2 train.py [--shard]

What the network learns is what one process learns on the joint batch.
"""

import os
import sys

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as checkpoint
import torch.nn.functional as F
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

import groupconv as gc


def network() -> nn.Sequential:
    p4 = gc.layers("p4")

    def block(conv: nn.Module) -> nn.Module:
        return nn.Sequential(conv, p4.LayerNorm(8), nn.ReLU())

    return nn.Sequential(
        block(p4.LiftingConv(1, 8, 3, padding=1)),
        block(p4.GroupConv(8, 8, 3, padding=1)),
        p4.CosetPool(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    )


def main() -> None:
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    dist.init_process_group()
    rank, processes = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)  # all processes make the same network and data
    net = network().to(device)
    images = torch.randn(16, 1, 9, 9).to(device)
    labels = torch.randint(4, (16,)).to(device)
    if "--shard" in sys.argv:
        for part in net[:2]:
            fully_shard(part)
        fully_shard(net)
    else:
        # The only buffers are index tables, which all processes have.
        net = DistributedDataParallel(net, forward_sync_buffers=False)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(5):
        scores = net(images[rank::processes])
        loss = F.cross_entropy(scores, labels[rank::processes])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        dist.all_reduce(mean := loss.detach() / processes)
        if rank == 0:
            print(f"{mean.item():.6f}")
    is_wrapped = isinstance(net, DistributedDataParallel)
    trained = net.module if is_wrapped else net
    # Each process writes what it has.
    checkpoint.save(trained.state_dict(), checkpoint_id="checkpoint")
    # Before the processes part, or torch's reducer may wait for ever;
    # and together, or a thread of torch's may outlive Python.
    del net, trained, scores, loss
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
