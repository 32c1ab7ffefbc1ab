"""joblib.Memory, by its decorator."""


class Adapter:
    def cached(self, folder, function):
        from joblib import Memory

        return Memory(f"{folder}/cache", verbose=0).cache(function)
