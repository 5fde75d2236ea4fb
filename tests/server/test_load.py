from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

for _needed in ("fastapi", "uvicorn", "httpx"):
    pytest.importorskip(_needed, reason=f"the server is tested with {_needed}, which is not installed")

MEASURE = Path(__file__).parents[2] / "scripts" / "measure_server.py"


@pytest.mark.slow
def test_fifty_clients_read_while_two_recordings_are_transcribed_and_no_job_is_lost() -> None:
    """How quick reads are is for an idle machine to say, see docs/benchmarks.md; here nothing may go wrong."""
    called = subprocess.run(
        [sys.executable, str(MEASURE), "--minutes", "0.7", "--json"], capture_output=True, text=True, check=True
    )
    found = json.loads(called.stdout)
    assert (found["wrong"], found["lost"]) == ([], 0)
    assert found["reads"] > 500
    assert found["events"] > 50
    assert found["done"] >= 2
    assert found["server_mib"][1] < found["server_mib"][0] + 50
