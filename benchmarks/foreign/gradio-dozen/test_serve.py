import pytest

pytestmark = pytest.mark.skip(reason="needs a workspace, to be run by hand")


def test_ask():
    from serve import ask

    ask(1)


def test_show():
    from serve import show

    show(1)
