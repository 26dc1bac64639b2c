"""Show somebody all that concerns them: App Home, `/my-access`, and help."""
