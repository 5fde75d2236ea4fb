"""What is kept between recordings, in one SQLite database on this computer: `store` opens it, `voices` keeps the
voices that the user has named, `shows` the feeds that were read and what became of their episodes."""
