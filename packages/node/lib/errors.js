// What can go wrong, each with a message for whoever runs the tests.

const { AssertionError } = require("node:assert");

/** The simulator cannot be found, started or reached, or is of another version. */
class SimulatorError extends Error {
  name = "SimulatorError";
}

/** A control call was refused; the message is the server's own. */
class CallRefused extends SimulatorError {
  name = "CallRefused";

  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** The client did not do what was expected; the message says what it did instead. */
class VerificationFailed extends AssertionError {
  constructor(message, actual, expected) {
    super({ message, actual, expected, operator: "verify" });
    this.name = "VerificationFailed";
  }
}

module.exports = { SimulatorError, CallRefused, VerificationFailed };
