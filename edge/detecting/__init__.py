"""What is plugged in and what it says, for `payvand detect` and the page."""
