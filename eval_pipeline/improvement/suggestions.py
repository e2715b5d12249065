"""Where to look first, per failure code: in the agent's prompt, its template, its tools, or our own endpoint.

A table of rules, not a diagnosis. Codes that it does not name fall back to the metric.
"""

from __future__ import annotations

from eval_pipeline.improvement.patterns import GENERATION

BY_CODE = {
    "lockfile_missing": "package-lock.json is left out: have the agent run the install that writes one, at the end.",
    "lockfile_out_of_sync": "The agent edits package.json after installing: have it install again at the end.",
    "lockfile_invalid": "The lockfile is written by hand or cut off: have the package manager write it.",
    "install_failed": "Versions that do not resolve: give the agent the list of versions that work together.",
    "build_failed": "Run the production build in the agent's own validation loop, and feed its errors back.",
    "build_timeout": "Look at what the build does beyond compiling (tests, downloads); keep it to compiling.",
    "build_out_of_memory": "Look at bundle size and at source maps of dependencies.",
    "artefact_missing": "The build's output folder and the start command disagree: fix the pair in the template.",
    "no_start_command": "Have the agent write `start` in package.json, or `command` in app.yaml.",
    "invalid_tree": "The agent's file writing: links, empty folders, names that are not UTF-8.",
    "invalid_package_json": "The agent's JSON writing: have it parse package.json after each edit.",
    "crashed_at_start": "Start the built app in the validation loop; the log's last lines name the error.",
    "no_listener": "The server waits for something before it listens: listen first, connect when asked.",
    "wrong_port": "The port is fixed in the code: read PORT or DATABRICKS_APP_PORT (docs/APP_CONTRACT.md).",
    "health_500": "The health route runs a query or reads what is missing: keep it free of both.",
    "no_health_route": "Ask for a health route in the agent's prompt; a catch-all page is not one.",
    "died_after_visit": "An error in a request handler ends the process: catch rejections in handlers.",
    "tsc_error": "Run the compiler over all parts in the validation loop; the codes below say what to teach.",
    "unchecked_sources": "A tsconfig leaves sources out: have one project reference per part, and check with `tsc -b`.",
    "no_compiler": "TypeScript is not among the dependencies that the lockfile holds.",
    "no_tests": "Ask for tests of the server logic in the agent's prompt, and name the runner.",
    "tests_failed": "Run the tests in the validation loop; see whether the test or the code is wrong first.",
    "all_skipped": "The agent skips what fails: forbid skipping, and count tests that ran.",
    "tests_crashed": "The runner's configuration: its environment (node or jsdom) and setup files.",
    "no_statements": "The app never asks the warehouse: look for mocked data or an unreached query path.",
    "auth_failed": "Credentials: the token or OAuth variables of docs/APP_CONTRACT.md, and the scheme of the host.",
    "sql_error": "Show the agent the tables' columns; have it try its statements against the endpoint.",
    "table_not_found": "Show the agent the catalog: the three-part names of the tables that the prompt mentions.",
    "no_api_calls": "The page does not ask its server: look at the client's query hooks.",
    "api_error": "The routes fail: run one request per route in the validation loop.",
    "no_data_in_api": "Rows are fetched and not passed on: look at the mapping from result columns to the reply.",
    "hardcoded_data": "Fallback or sample data is in the sources: forbid both in the agent's prompt.",
    "stale_after_reseed": "Replies are cached for good: bound the cache's life, or drop it.",
    "page_load_failed": "The server does not serve the client's build: look at the static folder's path.",
    "blank_page": "The client fails before it renders: look at the console errors in the evidence.",
    "uncaught_error": "An exception in the client, mostly on a null or a number that came as text (cells are strings).",
    "error_page": "The page shows its error state: look at the failed request in the evidence.",
    "no_served_values_on_page": "The data arrives and is not shown: look at the mapping from reply to chart and table.",
    "secret_in_tree": "A credential is in the sources: find where the agent got it, and revoke it.",
    "dependency_undeclared": "A package that is used is missing from `dependencies`: check with a production install.",
}

BY_METRIC = {
    "build_success": "Run the production build in the agent's own validation loop.",
    "runtime_success": "Start the built app in the agent's own validation loop (docs/APP_CONTRACT.md).",
    "type_safety": "Run the compiler in the agent's own validation loop.",
    "tests_pass": "Run the tests in the agent's own validation loop.",
    "databricks_connectivity": "Compare the app's client with docs/APP_CONTRACT.md.",
    "data_returned": "Follow one value from the statement log through the reply to the page.",
    "ui_renders": "Open the screenshot and the console errors in the evidence.",
    "local_runability_score": "Ask for README and .env.example in the agent's prompt, and name what they must hold.",
    "deployability_score": "Ask for app.yaml and a health route in the agent's prompt.",
    GENERATION: "Open the generation's trace: look at its last turns, its budget and its time limit.",
}


def suggestion(metric: str, failure_code: str) -> str:
    """One sentence on where to look first."""
    return BY_CODE.get(failure_code) or BY_METRIC.get(metric, "Open the evidence of the examples.")
