#!/usr/bin/env node
import("../dist/bundle/kafka-server-stop.js");
