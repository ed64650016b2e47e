"""The rules of the log: its tree (RFC 6962), its signed notes (C2SP) and what an entry holds. Pure; no policy here."""
