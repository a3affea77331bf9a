"""Two texts compared line by line."""

from bridge.web.console.linewise import MOST_LINES, changed_lines


def told(before: str, after: str) -> list[list[str]]:
    """Return each place as signs, numbers and texts."""
    hunks = changed_lines(before, after)
    assert hunks is not None
    return [
        [
            f"{one.sign or ' '}{one.before or ''}:{one.after or ''} {one.text}"
            for one in hunk
        ]
        for hunk in hunks
    ]


def test_what_is_the_same_is_no_place() -> None:
    """
    Two equal texts have none.
    """
    assert [] == told("a\nb\n", "a\nb\n")


def test_a_line_that_is_another_is_gone_and_new() -> None:
    """
    With its numbers in both texts, and the lines around it.
    """
    assert [[" 1:1 a", "-2: b", "+:2 x", "+:3 y", " 3:4 c"]] == told(
        "a\nb\nc\n", "a\nx\ny\nc\n"
    )


def test_far_places_stand_apart() -> None:
    """
    Three lines around each are enough.
    """
    lines = [str(n) for n in range(40)]
    other = ["x", *lines[1:39], "y"]
    assert [5, 5] == [
        len(one) for one in told("\n".join(lines), "\n".join(other))
    ]


def test_long_texts_are_not_compared() -> None:
    """
    It would take too long.
    """
    assert changed_lines("a\n" * (MOST_LINES + 1), "b") is None
