"""Every kind of secret that the redactor of hermes-agent 0.19.0 masks is one that we mask."""

from __future__ import annotations

import json
import subprocess

import pytest

from hermes_tui.render.secrets import masked, secrets
from tests.interop.live_peer import PEER
from tests.secret_samples import HERMES_MASKS

pytestmark = pytest.mark.peer("HERMES_019_PYTHON")

_MASK = """
import json, sys
from agent.redact import redact_sensitive_text
texts = json.load(sys.stdin)
print(json.dumps([redact_sensitive_text(text, force=True) for text in texts]))
"""


def test_what_hermes_masks_is_masked_here() -> None:
    texts = [text for text, _, _ in HERMES_MASKS]
    done = subprocess.run(
        [PEER, "-c", _MASK], input=json.dumps(texts), capture_output=True, text=True, check=True, timeout=120
    )
    theirs = json.loads(done.stdout)

    for (text, secret, _), masked_there in zip(HERMES_MASKS, theirs, strict=True):
        assert secret not in masked_there, f"the peer masks no such thing: {text}"
        assert secret not in masked(text, secrets(text))
