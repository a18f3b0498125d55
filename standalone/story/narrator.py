"""Tells the story: a line or two for each scene, rich on a terminal, plain when piped."""

from __future__ import annotations

from rich.console import Console


class Narrator:
    """Prints scenes and what was seen in them."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._scene = 0

    def scene(self, chinese: str, english: str) -> None:
        """Begin a scene."""
        self._scene += 1
        self._console.print(f"\n[bold]{self._scene}. {chinese}[/bold]  {english}")

    def say(self, line: str) -> None:
        """Say what was seen."""
        self._console.print(f"   {line}", markup=False)

    def quote(self, text: str) -> None:
        """Show a document."""
        for line in text.rstrip().splitlines():
            self._console.print(f"   | {line}", markup=False, style="dim")
