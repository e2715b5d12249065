import datetime as dt
import json
import logging
import subprocess
import sys
import time
from typing import Any

import pytest
from pydantic import SecretStr

from eval_pipeline.alerting.alert import raise_alert
from eval_pipeline.alerting.delivery import Outbox, deliver, deliver_run_failure
from eval_pipeline.alerting.run_failure import ERROR_LIMIT, run_failure_alert
from eval_pipeline.alerting.slack import HEADER_LIMIT, SECTION_LIMIT, send_to_slack, slack_message
from eval_pipeline.model import Cohort
from eval_pipeline.settings import Settings
from eval_pipeline_tests.alerting.slack_server import Answer, slack_server
from eval_pipeline_tests.reporting.examples import DATE, HOSTILE


@pytest.fixture
def slack():
    with slack_server() as server:
        yield server


@pytest.fixture
def settings(slack):
    return Settings(slack_webhook_url=slack.url)


def alert(rule="low_score", date=DATE, message="Average is low", **changes):
    cohort = Cohort(date=date, generator="template")
    fields: dict[str, Any] = {"kind": "quality", "severity": "critical", "metric": "avg_appeval_100"} | changes
    return raise_alert(cohort, rule, message=message, **fields)


def outbox(settings):
    return Outbox(settings.home / "outbox" / "alerts")


def test_without_a_channel_an_alert_is_filed_as_json_and_markdown(home):
    settings = Settings()
    (filed,) = deliver([alert(value=71.5, threshold=80.0)], settings, newest_date=DATE)
    path = home / "outbox" / "alerts" / f"{DATE}-{filed.alert_id}.json"
    assert filed.status == json.loads(path.read_text())["status"] == "filed"
    assert "- value: 71.5" in path.with_suffix(".md").read_text()
    assert sorted(p.suffix for p in path.parent.iterdir() if not p.name.startswith(".")) == [".json", ".md"]


def test_an_alert_goes_to_slack_once_however_often_it_is_delivered(slack, settings):
    for _ in range(3):
        (sent,) = deliver([alert()], settings, newest_date=DATE)
        assert sent.status == "sent"
    assert len(slack.received) == 1
    assert "Average is low" in json.dumps(slack.received)


def test_two_processes_send_it_once(slack, settings):
    code = (
        "import sys; from eval_pipeline.settings import Settings; from eval_pipeline.alerting.delivery import deliver;"
        "from eval_pipeline_tests.alerting.test_delivery import alert;"
        "s = Settings(slack_webhook_url=sys.argv[1], pipeline_home=sys.argv[2]);"
        f"print(deliver([alert()], s, newest_date={DATE!r})[0].status)"
    )
    argv = [sys.executable, "-c", code, slack.url, str(settings.home)]
    processes = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [p.communicate()[0].strip() for p in processes] == ["sent", "sent"]
    assert len(slack.received) == 1


def test_a_past_date_is_stored_only(slack, settings):
    past, now = deliver([alert(date="2026-11-01"), alert()], settings, newest_date=DATE)
    assert (past.status, now.status) == ("stored", "sent")
    assert len(slack.received) == 1
    assert outbox(settings).find(past) is None


def test_a_server_error_leaves_it_pending_and_the_next_delivery_sends_it(slack, settings):
    slack.answers = [Answer(500)]
    assert deliver([alert()], settings, newest_date=DATE)[0].status == "pending"
    later = alert("low_success", date="2026-11-22")
    assert [a.status for a in deliver([later], settings, newest_date="2026-11-22")] == ["sent"]
    first = outbox(settings).find(alert())
    assert first is not None and first.status == "sent"
    assert len(slack.received) == 3


def test_a_rate_limit_is_waited_for_as_slack_says(slack, settings):
    slack.answers = [Answer(429, {"Retry-After": "1"})]
    start = time.monotonic()
    assert deliver([alert()], settings, newest_date=DATE)[0].status == "sent"
    assert time.monotonic() - start >= 1
    assert len(slack.received) == 2


@pytest.mark.parametrize("wait", ["86400", "soon", ""])
def test_a_rate_limit_longer_than_there_is_time_for_is_left_for_later(slack, settings, wait):
    slack.answers = [Answer(429, {"Retry-After": wait})]
    start = time.monotonic()
    assert deliver([alert()], settings, newest_date=DATE)[0].status == "pending"
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("answer", [Answer(hang=True), Answer(drip=True)])
def test_a_server_that_hangs_or_drips_is_given_up_in_time(slack, answer):
    slack.answers = [answer]
    start = time.monotonic()
    assert send_to_slack(alert(), slack.url, deadline_seconds=1.5) is not None
    assert time.monotonic() - start < 3


def test_nothing_listening_raises_nothing_and_stays_pending():
    settings = Settings(slack_webhook_url=SecretStr("http://127.0.0.1:9/services/x"))
    assert deliver([alert()], settings, newest_date=DATE)[0].status == "pending"


def test_refused_blocks_are_sent_again_as_text(slack, settings):
    slack.answers = [Answer(400)]
    assert deliver([alert()], settings, newest_date=DATE)[0].status == "sent"
    assert [set(message) for message in slack.received] == [{"text", "blocks"}, {"text"}]


def test_one_alert_that_slack_never_takes_does_not_hold_up_the_others(slack, settings):
    slack.answers = [Answer(400), Answer(400)]
    states = {a.status for a in deliver([alert(), alert("low_success")], settings, newest_date=DATE)}
    assert states == {"pending", "sent"}


def test_a_pending_alert_that_a_rerun_no_longer_raises_is_withdrawn(slack, settings):
    slack.answers = [Answer(500)] * 3
    failure = run_failure_alert("run-1", "daily_loop", "boom", settings, at=dt.datetime.now(dt.UTC))
    assert deliver_run_failure(failure, settings).status == "pending"
    deliver([alert()], settings, newest_date=DATE)
    assert deliver([], settings, newest_date=DATE) == []
    withdrawn, kept = outbox(settings).find(alert()), outbox(settings).find(failure)
    assert withdrawn is not None and withdrawn.status == "withdrawn"
    assert kept is not None and kept.status == "sent"


def test_slack_text_is_escaped_and_within_slacks_limits():
    hostile = HOSTILE + "<!channel> <@U123> & <https://evil.test|click>"
    message = slack_message(alert(message=hostile + "&<>" * 3000, rule="x" * 500))
    texts = [message["text"]] + [b["text"]["text"] for b in message["blocks"] if "text" in b]
    texts += [e["text"] for b in message["blocks"] for e in b.get("elements", [])]
    for text in texts:
        assert "<" not in text and ">" not in text and "\x1b" not in text
        assert "&" not in text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert len(message["blocks"][0]["text"]["text"]) <= HEADER_LIMIT
    assert all(len(text) <= SECTION_LIMIT for text in texts)
    assert {b["text"]["type"] for b in message["blocks"] if "text" in b} == {"plain_text"}


def test_hostile_text_stays_in_the_code_block_of_the_markdown_file(home):
    (filed,) = deliver([alert(message="line\n# heading\n" + HOSTILE)], Settings(), newest_date=DATE)
    text = (home / "outbox" / "alerts" / f"{DATE}-{filed.alert_id}.md").read_text()
    assert "\n    # heading\n" in text
    assert all(line.startswith("    ") for line in text.splitlines() if "evil" in line)


def test_the_webhook_is_in_no_log_and_no_file(slack, settings, caplog):
    caplog.set_level(logging.DEBUG)
    slack.answers = [Answer(500)]
    deliver([alert()], settings, newest_date=DATE)
    files = [p.read_text() for p in outbox(settings).folder.iterdir()]
    assert not any("verysecretpart" in text for text in [caplog.text, *files])


def test_a_run_failure_is_masked_bounded_and_one_per_run(home):
    settings = Settings(databricks_token=SecretStr("sentinel-secret-value"))
    error = "ValueError: sentinel-sec\x1b[0mret-value dapi0123456789abcdef0123 " + "x" * 100_000 + "END"
    at = dt.datetime(2026, 11, 21, 3, tzinfo=dt.UTC)
    first = run_failure_alert("run-1", "daily_loop", error, settings, at=at, partition=DATE, step="generated_apps")
    again = run_failure_alert("run-1", "daily_loop", "other", settings, at=at)
    other = run_failure_alert("run-2", "daily_loop", error, settings, at=at)
    assert first.alert_id == again.alert_id != other.alert_id
    assert (first.kind, first.rule, first.date) == ("infrastructure", "run_failure", DATE)
    text = json.dumps(first.to_row(), ensure_ascii=False)
    assert "sentinel-secret-value" not in text and "dapi0123" not in text
    assert len(first.details["error"]) <= ERROR_LIMIT and first.details["error"].endswith("END")
    assert "generated_apps" in first.message and len(first.message) < 1000
    assert deliver_run_failure(first, settings).status == "filed"


def test_a_damaged_outbox_file_does_not_stop_delivery(settings, slack):
    folder = outbox(settings).folder
    folder.mkdir(parents=True)
    (folder / "2026-11-01-abc.json").write_text("{")
    assert deliver([alert()], settings, newest_date=DATE)[0].status == "sent"
