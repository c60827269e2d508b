"""Recurrent layers and cells: LSTM, GRU and the plain RNN, over sequences and step by step."""
