import{m as i}from"./chunk-ZVVTW7BH.js";var o=i(!1);export{o as a};
