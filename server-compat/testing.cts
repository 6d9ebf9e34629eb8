/** This door by `require`. */
import all = require('./testing.js');

export = all;
