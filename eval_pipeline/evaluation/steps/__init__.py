"""The steps that run an app: dependencies, build, type check, tests, start and visit. They gather facts and
judge nothing."""
