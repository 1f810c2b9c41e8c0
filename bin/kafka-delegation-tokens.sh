#!/usr/bin/env node
import("../dist/bundle/kafka-delegation-tokens.js");
