"""Beside the main job: features of sound, embeddings, matching with text, classification, and speech from text.

No stage of the main job imports it. Each part is a module and a command of its own:

    features        mel spectrograms, MFCC, chroma and the like     earwitness features
    embeddings      sound to points, by learned encoders            earwitness embed
    matching        sound to text, and sound to sound               earwitness match
    classification  what a sound is of                              earwitness classify
    synthesis       text to speech                                  earwitness say
"""
