// The executable from outside, as people and scripts use it. One suite, one test at a time: each
// starts processes that prove on all cores.

import Testing

@Suite(.serialized) enum CommandLineTests {}
