"""What a bench shows: figures in columns, and notes on how they were taken."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` have as many cells as `columns`; the first cell names what was measured."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[n]) for line in lines) for n in range(len(self.columns))]
        drawn = [
            "  ".join(
                cell.rjust(width) if n else cell.ljust(width)
                for n, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        drawn.insert(1, "─" * sum(widths, 2 * (len(widths) - 1)))
        return "\n".join([self.title, *drawn, *(f"  {note}" for note in self.notes)])

    def markdown(self) -> str:
        """The same for a page of documentation."""
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        drawn = ["| " + " | ".join(line) + " |" for line in lines]
        return "\n".join([f"**{self.title}**", "", *drawn, "", " · ".join(self.notes)])
