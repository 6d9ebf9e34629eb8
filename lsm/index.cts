/** This door by `require`. */
import all = require('./index.js');

export = all;
