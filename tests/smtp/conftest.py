"""How do coroutine tests run? Each in event loops of its own, asyncio's and uvloop's, which must end untroubled."""

import asyncio
import inspect
from collections.abc import Coroutine
from typing import Any

import pytest
import uvloop

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if inspect.iscoroutinefunction(metafunc.function):
        metafunc.fixturenames.append("event_loop_kind")
        metafunc.parametrize("event_loop_kind", list(LOOPS))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    test = pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names})
    with asyncio.Runner(loop_factory=LOOPS[pyfuncitem.callspec.params["event_loop_kind"]]) as runner:
        runner.run(_run_strictly(test))
    return True


async def _run_strictly(test: Coroutine[Any, Any, None]) -> None:
    troubles: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: troubles.append(context))
    await test
    assert troubles == []
