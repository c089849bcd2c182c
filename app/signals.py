"""Facts that one feature tells the others. Receivers run in the sender's transaction and write only their own tables
or the outbox; `app/wiring.py` lists every pair. Senders are the Flask app; payloads are ids."""

from __future__ import annotations

from blinker import Namespace

_facts = Namespace()

file_added = _facts.signal("file-added")
"""`media_file_id`: a playable file entered the catalog."""
file_changed = _facts.signal("file-changed")
"""`media_file_id`: its content changed; what was made from the old content is stale."""
file_removed = _facts.signal("file-removed")
"""`media_file_id`: it is forgotten (its row is about to go)."""
title_changed = _facts.signal("title-changed")
"""`title_ids`: what a person would search for or see of these titles changed."""
title_removed = _facts.signal("title-removed")
"""`title_ids`: these titles are about to go."""
sign_in_ended = _facts.signal("sign-in-ended")
"""`sign_in_ids`: revoked or logged out; tokens and sockets bound to them end at once."""
user_removed = _facts.signal("user-removed")
"""`user_id`: the account is about to go."""
file_rematched = _facts.signal("file-rematched")
"""`from_media_id`, `to_media_id`, `title_id`, `episode_id`: the only file of a work is held to be another work now."""
