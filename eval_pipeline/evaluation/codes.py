"""Every failure code that a metric may give, with its meaning; docs/METRICS.md lists the same words and a test
holds the two together.

A code is short and stable: failures are grouped by it over apps and days, so a renamed code looks like a mended fault.
"""

from __future__ import annotations

BLOCKED_BY = "blocked_by:"
"""Prefix of the code of a metric that could not be judged because the named metric failed."""

ANY_METRIC = {
    "not_generated": "the generation failed, so there is no app to judge",
}

DEPENDENCIES = {
    "manifest_invalid": "the app asks for dependencies in a way that cannot be read",
    "lockfile_missing": "no lockfile beside package.json, or nothing that names a Python app's packages",
    "lockfile_invalid": "the lockfile cannot be read, or is not one",
    "lockfile_unsupported": "the lockfile is of a kind or version that is not supported",
    "lockfile_out_of_sync": "the lockfile does not agree with package.json or pyproject.toml",
    "foreign_package_source": "a dependency comes from a URL, a path or a git repository instead of the registry",
    "integrity_mismatch": "a downloaded package is not the one that the lockfile names",
    "package_not_found": "the registry has no such package or version",
    "dependency_conflict": "the dependencies contradict each other",
    "unsupported_platform": "a dependency does not run on this platform",
    "no_wheel": "a Python package is not to be had as a wheel; nothing is built from source",
    "install_failed": "the dependencies cannot be installed from the lockfile",
}

CODES: dict[str, dict[str, str]] = {
    "build_success": DEPENDENCIES
    | {
        "invalid_tree": "the app's folder cannot be read safely: empty, a link out of it, a name not UTF-8, too large",
        "unsupported_stack": "the tree is no app of a supported stack; the reason says what was looked for",
        "invalid_package_json": "package.json is not a JSON object, or a part of it has the wrong type",
        "build_failed": "the build command exited with an error",
        "build_timeout": "the build did not finish in its time",
        "build_out_of_memory": "the build used more memory than it may",
        "artefact_missing": "the build exited 0 and left nothing where the start command looks",
        "no_start_command": "neither app.yaml nor package.json says how to start the app",
    },
    "runtime_success": {
        "crashed_at_start": "the process ended before it listened on its port",
        "no_listener": "nothing listened on the given port in time",
        "wrong_port": "the app listened on another port than the one it was given",
        "health_500": "the health route answered with a server error",
        "no_health_route": "no health route or API route answered 2xx with something other than the page shell",
        "page_not_served": "a static client's page, or a file that the page needs, was not served",
        "died_after_visit": "the process ended while or after a browser visited it",
    },
    "type_safety": {
        "tsc_error": "the compiler found errors",
        "unchecked_sources": "TypeScript sources that no tsconfig covers",
        "no_compiler": "the dependencies lack the TypeScript compiler, or the Python type checker that is configured",
        "tsc_timeout": "the compiler did not finish in its time",
        "type_error": "the configured Python type checker found errors",
        "type_check_timeout": "the Python type checker did not finish in its time",
    },
    "tests_pass": {
        "no_tests": "the runner found no test",
        "tests_failed": "at least one test failed",
        "all_skipped": "every test is skipped or to do",
        "tests_crashed": "the runner ended without its report",
        "tests_error": "an error outside the tests made the run fail",
        "tests_timeout": "the tests did not finish in their time",
    },
    "databricks_connectivity": {
        "no_statements": "the SQL endpoint saw no statement and no refused request of this app",
        "auth_failed": "the SQL endpoint refused the app's requests: no or wrong credential",
        "sql_error": "no statement succeeded; the reason names the SQL error of the last one",
        "table_not_found": "no statement succeeded; the last one named a table that is not there",
    },
    "data_returned": {
        "no_api_calls": "the page called no API and was not rendered with data by the server",
        "api_error": "every API reply was an error",
        "no_data_in_api": "no value that the endpoint served is in what the app sent out",
        "hardcoded_data": "the replies carry data, but not the endpoint's, and do not change with it",
        "stale_after_reseed": "the replies kept the old values after the rows were changed, even after a restart",
    },
    "ui_renders": {
        "page_load_failed": "the page did not load, or answered with an error status",
        "blank_page": "the page shows nothing",
        "uncaught_error": "the page threw an error that nothing caught",
        "error_page": "the page shows an error message in place of its content",
        "no_served_values_on_page": "no value that the endpoint served is to be seen on the page",
    },
    "local_runability_score": {
        "no_instructions": "no README that says how to install and start the app",
        "no_env_example": "no .env.example",
        "env_example_incomplete": ".env.example leaves out a variable that the app reads",
        "install_failed": "the dependencies cannot be installed from the lockfile",
        "does_not_start": "the app does not start as it says",
        "does_not_answer": "the started app does not answer",
    },
    "deployability_score": {
        "no_descriptor": "no app.yaml, Dockerfile or databricks.yml",
        "invalid_descriptor": "a deployment descriptor is there and cannot be used",
        "port_not_bound": "the app does not listen on the port and interface it was given",
        "no_health_check": "no health route",
        "secret_in_tree": "a secret is in the source tree",
        "dependency_undeclared": "the built app imports a package that is not among `dependencies`",
        "lockfile_unusable": "production dependencies are not locked",
    },
}


def codes_of(metric: str) -> set[str]:
    """Every code that `metric` may give, without the `blocked_by:` ones."""
    return set(CODES[metric]) | set(ANY_METRIC)
