"""Take a request through Entra: sent once, watched until it is delivered, followed where Entra decides, canceled there."""
