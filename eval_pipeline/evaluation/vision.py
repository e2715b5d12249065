"""A second opinion on the rendered page: three votes of a vision model, recorded beside `ui_renders`.

It never decides: the metric's outcome is what the browser saw. Text inside a screenshot is the app's, so the model is
given no tool, its answer must be of a fixed form, and the form is all that is read.
"""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from eval_pipeline.evaluation.verdicts import short
from eval_pipeline.model import InputError, Value
from eval_pipeline.prompt_sets import load_model_text
from eval_pipeline.settings import Settings

VOTES = 3
MAX_OUTPUT_TOKENS = 1000
REQUEST_SECONDS = 60.0
MAX_SCREENSHOT_BYTES = 4_000_000
MAX_PROMPT_CHARACTERS = 4000


Verdict = Literal["sound", "flawed", "broken"]


class Vote(Value):
    """One answer of the model."""

    verdict: Verdict
    reasons: list[str] = Field(default_factory=list)


class Opinion(Value):
    """The majority of the votes; `split` without one, `none` when fewer than two came.

    `rubric` is the prompt's name and version; tokens are summed over the votes.
    """

    verdict: Verdict | Literal["split", "none"]
    votes: list[str]
    reasons: list[str]
    model: str
    rubric: str
    input_tokens: int = 0
    output_tokens: int = 0
    problem: str = ""


def tag(settings: Settings) -> str:
    """What of the settings a kept opinion rests on; empty when none is asked for.

    Raises:
        InputError: ANTHROPIC_API_KEY is not set.
    """
    if settings.vision == "off":
        return ""
    if settings.anthropic_api_key is None:
        raise InputError("EVAL_VISION=anthropic needs ANTHROPIC_API_KEY: set it, or EVAL_VISION=off")
    text = load_model_text("ui-review")
    return f"vision {settings.vision_model} {text.name} {text.version}"


def ask(settings: Settings, screenshots: Sequence[Path], prompt_text: str) -> Opinion:
    """Asks for the votes, all at once. A service that cannot be had gives an opinion `none` with the problem."""
    import anthropic

    assert settings.anthropic_api_key is not None
    text = load_model_text("ui-review")
    client = anthropic.Anthropic(
        api_key=settings.anthropic_api_key.get_secret_value(),
        base_url=settings.anthropic_base_url,
        timeout=REQUEST_SECONDS,
    )
    content: list[Any] = [_image(path) for path in screenshots if 0 < path.stat().st_size <= MAX_SCREENSHOT_BYTES]
    content.append({"type": "text", "text": f"The request:\n{prompt_text[:MAX_PROMPT_CHARACTERS]}"})

    def vote(_: int) -> tuple[Vote | None, int, int, str]:
        try:
            reply = client.messages.parse(
                model=settings.vision_model,
                max_tokens=MAX_OUTPUT_TOKENS,
                system=text.text,
                messages=[{"role": "user", "content": content}],
                output_format=Vote,
            )
        except (anthropic.APIError, ValueError) as error:
            return None, 0, 0, short(f"{type(error).__name__}: {error}", 200)
        return reply.parsed_output, reply.usage.input_tokens, reply.usage.output_tokens, ""

    with client, ThreadPoolExecutor(VOTES, "vision") as pool:
        answers = list(pool.map(vote, range(VOTES)))
    votes = [answer[0] for answer in answers if answer[0] is not None]
    return Opinion(
        verdict=_majority(votes),
        votes=[v.verdict for v in votes],
        reasons=[short(reason, 200) for v in votes for reason in v.reasons[:3]],
        model=settings.vision_model,
        rubric=f"{text.name} {text.version}",
        input_tokens=sum(answer[1] for answer in answers),
        output_tokens=sum(answer[2] for answer in answers),
        problem=next((answer[3] for answer in answers if answer[3]), ""),
    )


def _majority(votes: Sequence[Vote]) -> Verdict | Literal["split", "none"]:
    if len(votes) * 2 <= VOTES:
        return "none"
    counted: Counter[Verdict] = Counter(v.verdict for v in votes)
    verdict, count = counted.most_common(1)[0]
    return verdict if count * 2 > VOTES else "split"


def _image(path: Path) -> dict[str, Any]:
    data = base64.b64encode(path.read_bytes()).decode()
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
