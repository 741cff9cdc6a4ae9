"""Attention: pictures, pages and kinds of heads, as mlxterp names them."""

from ..attention import HeadScore
from .attention import (
    AttentionVisualizationConfig,
    attention_from_trace,
    attention_heatmap,
    get_attention_patterns,
)
from .interactive import (
    InteractiveAttentionConfig,
    display_interactive_attention,
    interactive_attention,
    interactive_attention_from_trace,
    save_interactive_attention,
)
from .patterns import (
    AttentionPatternDetector,
    copying_score,
    current_token_score,
    detect_head_types,
    detect_induction_heads,
    find_attention_pattern,
    first_token_score,
    induction_score,
    previous_token_score,
)

__all__ = [
    "AttentionPatternDetector",
    "AttentionVisualizationConfig",
    "HeadScore",
    "InteractiveAttentionConfig",
    "attention_from_trace",
    "attention_heatmap",
    "copying_score",
    "current_token_score",
    "detect_head_types",
    "detect_induction_heads",
    "display_interactive_attention",
    "find_attention_pattern",
    "first_token_score",
    "get_attention_patterns",
    "induction_score",
    "interactive_attention",
    "interactive_attention_from_trace",
    "previous_token_score",
    "save_interactive_attention",
]
