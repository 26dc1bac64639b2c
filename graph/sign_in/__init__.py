"""Sign in at Microsoft: the app by its credential, people in their browser or by a code; and check what identity tokens say."""
