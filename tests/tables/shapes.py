"""What a table has to look like, by ``rtk.schema()``."""

from __future__ import annotations

import pandas as pd

from rtkit_explore.table_schema.describe import TABLES, describe

_COLUMNS = {name: list(part[["column", "dtype"]].itertuples(index=False)) for name, part in describe().groupby("table")}


def assert_shape(name: str, table: pd.DataFrame) -> None:
    """Check that a table is a plain frame with all its columns in order, and the dtype of each."""
    assert type(table) is pd.DataFrame
    assert list(table.columns) == [column for column, _ in _COLUMNS[name]], name
    for column, declared in _COLUMNS[name]:
        dtype = table[column].dtype
        if declared == "string":
            assert isinstance(dtype, pd.StringDtype), (name, column, dtype)
            assert dtype.storage == "python", (name, column, dtype)
        elif declared == "category":
            assert isinstance(dtype, pd.CategoricalDtype), (name, column, dtype)
            assert tuple(dtype.categories) == TABLES[name][column].categories, (name, column)
        else:
            assert str(dtype) == declared, (name, column, dtype)
