"""Hub data sets -> rows. Code that a data set's repository may carry is never run."""

from collate.tasks.rows import Row, Source


def read_hub(name: str, subset: str | None, split: str, problems: list[str]) -> Source | None:
    """The rows of one split, or None with the problem told. `name` may be a local folder."""
    import datasets

    shown = f"task.dataset={name}" + (f" task.subset={subset}" if subset else "")
    try:
        table = datasets.load_dataset(name, subset, split=split)
    except (ValueError, OSError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        # The library's own message names the subsets and splits there are, or that it is offline.
        reason = " ".join(str(error).split())[:600]
        problems.append(
            f"{shown}: split {split!r} cannot be loaded: {reason} (a local file goes by task.path)"
        )
        return None
    if not len(table):
        problems.append(f"{shown}: split {split!r} holds no question")
        return None
    rows = [Row(number, dict(record)) for number, record in enumerate(table, start=1)]
    classes = {
        column: tuple(feature.names)
        for column, feature in table.features.items()
        if isinstance(feature, datasets.ClassLabel)
    }
    return Source(f"{name} ({split})", "row", rows, classes)
