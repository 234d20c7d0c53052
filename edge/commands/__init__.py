"""Commands: from the CRM's long poll to the device, once at most, and back as a result.

    long poll ─▶ signed? ours? ─▶ inbox: on disk ─▶ acknowledged by the next long poll
                                    │
                  result, an event ◀┴─ dispatcher: in time? allowed? ─▶ started: on disk ─▶ driver

Each arrow to the right is behind a commit, and a result is written in one commit with the end of
its command. So a box that dies anywhere goes on where it was; only between `started` and the result
nobody knows what the device did: that is told as `unknown`, and the command never runs again.
"""
