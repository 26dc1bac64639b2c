"""Say a request, a policy, a decision or a time in a few words, the same ones to every reader."""
