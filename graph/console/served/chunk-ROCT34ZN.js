import{m as i}from"./chunk-RFXEO4KL.js";var o=i(!1);export{o as a};
