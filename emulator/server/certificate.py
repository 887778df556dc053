"""The local AWS's certificate; ministack would make one with a program that may not be there."""

from __future__ import annotations

import os
from pathlib import Path

import trustme


def install(folder: Path) -> None:
    """Make a certificate, and tell ministack of it.

    Args:
        folder: Takes `server.crt`, which clients trust as well, and `server.key`.
    """
    authority = trustme.CA()
    ours = authority.issue_cert("127.0.0.1", "::1", "localhost", "host.docker.internal")
    folder.mkdir(mode=0o700, exist_ok=True)
    certificate, key, draft = (folder / f"server.{kind}" for kind in ("crt", "key", "new"))
    ours.private_key_pem.write_to_path(key)
    # Whoever sees the file finds it whole: the certificate, then who vouches for it.
    for blob in (*ours.cert_chain_pems, authority.cert_pem):
        blob.write_to_path(draft, append=True)
    draft.replace(certificate)
    os.environ["MINISTACK_SSL_CERT"] = str(certificate)
    os.environ["MINISTACK_SSL_KEY"] = str(key)
