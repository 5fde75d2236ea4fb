"""The server: a page, an API of its own, and OpenAI's audio API, over the library and its queue of jobs.

One process answers; recordings are transcribed by child processes, so that nobody who reads waits for them and a
decoder that crashes takes nothing with it. Only the package `fastapi` and what it needs is imported here, when it runs.

    settings    what the server is told when it starts
    service     what all parts share: the library, the recordings, the workers, who listens
    uploads     a body on its way to the disk: limits, multipart forms
    recordings  the sound that is kept for listening
    requests    what was asked for: jobs by their ids, each asked for once
    feeds       the episodes of a feed as requests
    workers     the threads that take jobs and look after those who do them
    child       a process that does one after the other
    leftovers   what is removed when nobody needs it any more
    listenable  copies of recordings that browsers play
    pace        how slowly somebody may send
    running     the server as a process
    listening   sound that is heard while it comes
    news        what happens to jobs, as it happens
    keys        who may use it
    limits      how often
    guard       what every request passes first
    metrics     what is counted
    transcripts transcripts as they are sent
    openai      transcripts as OpenAI's API gives them
    awaiting    whoever waits for one
    speech      text to sound, the same way
    speaker     what speaks
    known_speakers  whom its callers know
    problems    errors as answers
    routes/     what is answered, a file for each kind of thing, and the document that describes it
    app         all of it as one application
"""
