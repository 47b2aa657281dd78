// What can go wrong, each with a message for whoever runs the tests.

import { AssertionError } from "node:assert";

/** The simulator cannot be found, started or reached, or is of another version. */
export class SimulatorError extends Error {
  name = "SimulatorError";
}

/** A control call was refused; the message is the server's own. */
export class CallRefused extends SimulatorError {
  name = "CallRefused";

  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** The client did not do what was expected; the message says what it did instead. */
export class VerificationFailed extends AssertionError {
  constructor(message, actual, expected) {
    super({ message, actual, expected, operator: "verify" });
    this.name = "VerificationFailed";
  }
}
