"""The serializer of frames keeps the contract that xetrack asks of everybody's."""

import numpy as np
import pandas as pd
import pytest

from xetrack_assets.frames import Frames
from xetrack_testing import SerializerContract


@pytest.mark.filterwarnings("ignore:Series.values returning")  # pyarrow before 26 asks pandas 3.1 for them
class TestFrames(SerializerContract):
    values = (
        pd.DataFrame({"x": [1, 2], "y": [0.5, np.nan]}),
        pd.DataFrame({"s": pd.array(["a", None], dtype="string")}, index=pd.Index([7, 8], name="place")),
        pd.DataFrame({"t": pd.to_datetime(["2026-01-01", None]).tz_localize("UTC")}),
        pd.DataFrame({"c": pd.Categorical(["a", "b"], categories=["b", "a"], ordered=True)}),
        pd.DataFrame({"x": np.array([], dtype="int8")}),
    )
    refuses = (pd.DataFrame({"o": [[1]]}), pd.DataFrame({0: [1]}), pd.Series([1]), {"x": [1]})

    def open(self):
        return Frames()

    def equal(self, value, other):
        pd.testing.assert_frame_equal(value, other, check_exact=True)
        return True
