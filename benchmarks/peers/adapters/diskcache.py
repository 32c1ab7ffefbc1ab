"""diskcache, by its decorator."""


class Adapter:
    def cached(self, folder, function):
        import diskcache

        return diskcache.Cache(f"{folder}/cache").memoize()(function)
