"""What is asked: the prompt set with its panel and rotation, and the versioned texts that models are given."""

from __future__ import annotations

from eval_pipeline.prompt_sets.loading import PromptSet, load_prompt_set
from eval_pipeline.prompt_sets.model_texts import ModelText, load_model_text
from eval_pipeline.prompt_sets.selection import select_prompts

__all__ = ["ModelText", "PromptSet", "load_model_text", "load_prompt_set", "select_prompts"]
