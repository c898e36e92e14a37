"""The API's own behaviour: replay, the simulated app and the contract tests answer through it."""
