class StartRefused(Exception):
    """Why the platform cannot start here, for the person at the keyboard: shown as it is, never with a stack trace."""

    def __init__(self, *, chinese: str, english: str) -> None:
        super().__init__(f"{chinese}\n{english}")
        self.chinese = chinese
        self.english = english
