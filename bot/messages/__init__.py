"""
Say everything that people read in Slack, by audience.  Pure: facts in, message out.

A message is ``{"text": …, "blocks": […]}``; the text is what notifications and screen readers say.
"""
