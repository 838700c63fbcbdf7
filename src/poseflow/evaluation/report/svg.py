"""A few words of SVG: elements as text, coordinates short, everything escaped."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr


def short(value: float) -> str:
    """A coordinate with at most one decimal.

    >>> short(3.04), short(12.25), short(-0.04)
    ('3', '12.2', '0')
    """
    return f"{round(value, 1) + 0.0:g}" if abs(value) < 1e5 else f"{value:.0f}"


def element(tag: str, *inside: str, **attributes: object) -> str:
    """One element; floats among the attributes are coordinates. `inside` is markup.

    A trailing underscore of a name is dropped (`class_`), others become dashes.

    >>> element("rect", x=1.0, class_="a<b")
    '<rect x="1" class="a&lt;b"/>'
    """
    words = [tag]
    for name, value in attributes.items():
        text = short(value) if isinstance(value, float) else str(value)
        words.append(f"{name.rstrip('_').replace('_', '-')}={quoteattr(text)}")
    start = " ".join(words)
    return f"<{start}>{''.join(inside)}</{tag}>" if inside else f"<{start}/>"


def words(text: str, x: float, y: float, **attributes: object) -> str:
    """Text whose base line starts, or by `class_` has its middle or end, at (x, y)."""
    return element("text", escape(text), x=float(x), y=float(y), **attributes)


def picture(width: float, height: float, label: str, *inside: str) -> str:
    """A whole picture of `width` × `height` pixels, named for who cannot see it."""
    return element(
        "svg",
        *inside,
        viewBox=f"0 0 {short(width)} {short(height)}",
        width=float(width),
        height=float(height),
        role="img",
        aria_label=label,
    )


def steps(most: float, about: int = 6) -> list[float]:
    """Round numbers from 0 to at most `most`, some `about` of them, for an axis.

    >>> steps(60), steps(1.2, 4)
    ([0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0], [0.0, 0.5, 1.0])
    """
    size = 1e-6
    while most / size > about:
        size *= 2.5 if f"{size:e}".startswith("2") else 2
    return [round(i * size, 6) for i in range(int(most / size + 1e-9) + 1)]
