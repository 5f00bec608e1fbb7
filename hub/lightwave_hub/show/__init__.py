"""The show: what an artist makes and keeps, and what plays it. The API speaks to it; it speaks to the conductor."""
