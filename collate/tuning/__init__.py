"""Losses as pure functions of log-probabilities, and the trainer around them.

Examples of tokens in, a folder of weights with its curves out; knows neither rounds nor Ray.
"""
