"""Which way a target is delivered to: the one place that knows all of them."""

from __future__ import annotations

from clearing.release.ports import Delivery
from clearing.release.targets import FolderTarget, SftpTarget, Target
from clearing.release.to_ebics import refuse_ebics
from clearing.release.to_folder import ToFolder


async def open_delivery(target: Target) -> Delivery:
    """An open target. Undelivered, Undeliverable."""
    if isinstance(target, FolderTarget):
        return ToFolder(target)
    if isinstance(target, SftpTarget):
        from clearing.release.to_sftp import ToSftp  # noqa: PLC0415  # brings SSH, which few need

        return await ToSftp.connect(target)
    raise refuse_ebics(target)
