"""cachier with its default backend of pickles, by its decorator."""


class Adapter:
    def cached(self, folder, function):
        from cachier import cachier

        return cachier(cache_dir=f"{folder}/cache", separate_files=True)(function)
