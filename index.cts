/** The package by `require`. */
import all = require('./index.js');

export = all;
