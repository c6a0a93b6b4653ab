"""Compiled code draws the noise of eager code only if it draws in the same order."""

from itertools import pairwise
from typing import Any

import torch
from torch._inductor import lowering
from torch._inductor.custom_graph_pass import CustomGraphPass
from torch._inductor.fx_passes import control_dependencies, post_grad
from torch.fx import Graph, Node
from torch.utils._ordered_set import OrderedSet


def order_options() -> dict[str, Any]:
    """What has the compiler of torch 2.11 keep the order; that of torch 2.15 does by itself."""
    if hasattr(post_grad, "_chain_random_ops_for_ordering"):
        return {}
    # A mask is drawn in the order in which the memory of what it is for is laid out.
    dropout = torch.ops.aten.native_dropout.default
    lowering.add_layout_constraint(dropout, lowering.constrain_to_fx_strides)
    return {"post_grad_custom_pre_pass": InOrder(), "reorder_for_locality": False}


class InOrder(CustomGraphPass):
    """Has each random operation wait for the one before."""

    def __call__(self, graph: Graph) -> None:
        random = [node for node in graph.nodes if _is_random(node)]
        waiting = {later: OrderedSet([earlier]) for earlier, later in pairwise(random)}
        control_dependencies.preserve_node_ordering(graph, waiting)

    def uuid(self) -> str:
        """Name all that this module changes, for the key of the compiler's cache."""
        return "random operations in order, dropout of inputs as they were laid out"


def _is_random(node: Node) -> bool:
    tags = node.target.tags if isinstance(node.target, torch._ops.OpOverload) else ()
    return torch.Tag.nondeterministic_seeded in tags
