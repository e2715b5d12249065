import re

import pytest

from eval_pipeline.model import InputError
from eval_pipeline.settings import PROJECT_ROOT, Settings, env_name, get_settings


def test_the_env_example_lists_every_setting_with_its_meaning_and_nothing_else():
    text = (PROJECT_ROOT / ".env.example").read_text()
    names = re.findall(r"^# ?([A-Z_]+)=", text, flags=re.MULTILINE)
    assert names == [env_name(field) for field in Settings.model_fields]
    flat = " ".join(line.removeprefix("# ") for line in text.splitlines())
    for field in Settings.model_fields.values():
        assert field.description and field.description in flat


def test_nothing_needs_to_be_set():
    settings = get_settings()
    assert settings.warehouse == "local"
    assert settings.generators == ("template",)


def test_a_key_in_the_environment_turns_nothing_on(monkeypatch):
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi0123456789abcdef")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-0123456789")
    settings = Settings()
    assert settings.warehouse == "local"
    assert settings.generators == ("template",)
    assert "dapi" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("EVAL_PARALLEL_APPS", "many", "EVAL_PARALLEL_APPS"),
        ("EVAL_WAREHOUSE", "snowflake", "local"),
        ("EVAL_WEIGHTS", '{"build_success": 1}', "runtime_success"),
        ("EVAL_START_DATE", "yesterday", "EVAL_START_DATE"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=says) as error:
        get_settings()
    assert name in str(error.value)
    assert ".env.example" in str(error.value)


def test_a_bad_secret_is_not_repeated_in_the_error(monkeypatch):
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi0123456789abcdef")
    monkeypatch.setenv("EVAL_PARALLEL_APPS", "dapi0123456789abcdef")
    with pytest.raises(InputError) as error:
        get_settings()
    assert "dapi" not in str(error.value)


def test_secret_values_holds_each_secret_that_is_set(monkeypatch):
    monkeypatch.setenv("DATABRICKS_TOKEN", "dapi0123456789abcdef")
    monkeypatch.setenv("EVAL_SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T/B/x")
    assert set(Settings().secret_values()) == {
        "dapi0123456789abcdef",
        "https://hooks.slack.com/services/T/B/x",
    }
